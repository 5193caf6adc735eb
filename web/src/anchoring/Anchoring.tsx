import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Failure } from "../parts/Failure";
import { MailCard } from "./MailCard";
import { anchoringQuery } from "./queries";
import { WitnessCard } from "./WitnessCard";
import { WitnessesCard } from "./WitnessesCard";

/** What anchors the log outside this server: mails, witnesses, and this server as a witness of others. */
export function Anchoring() {
  const { t } = useTranslation();
  const query = useQuery(anchoringQuery);
  if (query.data === undefined) {
    return query.error === null ? null : <Failure error={query.error} what={t("anchoring.failed")} />;
  }
  return (
    <>
      <MailCard state={query.data} />
      <WitnessesCard state={query.data} />
      <WitnessCard state={query.data} />
    </>
  );
}
