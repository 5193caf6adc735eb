import { Button } from "@mantine/core";
import { Failure } from "./Failure";
import page from "./Page.module.css";

/** The parts of an infinite query this needs. */
interface Pages {
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  isFetchNextPageError: boolean;
  error: Error | null;
  fetchNextPage: () => unknown;
}

/** The button below a list that goes on, or why it does not. */
export function More({ of, label, failed }: { of: Pages; label: string; failed: string }) {
  if (of.isFetchNextPageError && of.error !== null) {
    return <Failure error={of.error} what={failed} retry={() => of.fetchNextPage()} />;
  }
  return of.hasNextPage ? (
    <div className={page.spaced}>
      <Button variant="default" loading={of.isFetchingNextPage} onClick={() => of.fetchNextPage()}>
        {label}
      </Button>
    </div>
  ) : null;
}
