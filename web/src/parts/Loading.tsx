import { Skeleton } from "@mantine/core";
import { Delayed } from "./Delayed";
import { Failure } from "./Failure";
import page from "./Page.module.css";

/** The parts of a query this needs. */
interface Query {
  isPending: boolean;
  data: unknown;
  error: Error | null;
  refetch: () => unknown;
}

interface LoadingProps {
  of: Query;
  /** What is said if nothing comes: "Die Mails konnten nicht geladen werden." */
  what: string;
  /** Of what is expected, pixels. */
  height: number;
  /** How many of these are expected. */
  count?: number;
}

/** Stands where something is to appear: what it will look like, or why it does not come. */
export function Loading({ of, what, height, count = 1 }: LoadingProps) {
  if (of.isPending) {
    return (
      <Delayed>
        <div className={page.stack}>
          {Array.from({ length: count }, (_, at) => (
            <Skeleton key={at} height={height} radius="md" />
          ))}
        </div>
      </Delayed>
    );
  }
  return of.error !== null && of.data === undefined ? (
    <Failure error={of.error} what={what} retry={() => void of.refetch()} />
  ) : null;
}
