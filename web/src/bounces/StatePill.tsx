import { useTranslation } from "react-i18next";
import type { AddressStateWord } from "../api/types";
import { Pill } from "../parts/Notice";
import { STATES } from "./states";

export function StatePill({ state }: { state: AddressStateWord }) {
  const { t } = useTranslation();
  const { tone, icon } = STATES[state];
  return (
    <Pill tone={tone} icon={icon}>
      {t(`feedback.states.${state}`)}
    </Pill>
  );
}
