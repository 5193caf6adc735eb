import { Button, Loader } from "@mantine/core";
import { IconCircleCheck, IconCircleDashed, IconCircleX, IconPlugConnected } from "@tabler/icons-react";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { TestAnswer, TestStep } from "../api/types";
import { Failure } from "../parts/Failure";
import { Notice } from "../parts/Notice";
import css from "./accounts.module.css";

const STEPS: readonly TestStep["step"][] = ["name", "connect", "tls", "login", "folders"];
export const GRAPH_STEPS: readonly TestStep["step"][] = ["name", "connect", "tls", "login", "mailbox", "folders"];

interface TestPanelProps {
  answer: TestAnswer | undefined;
  error: Error | null;
  running: boolean;
  onTest: () => void;
  /** Steps of this test; those of a mailbox if absent. */
  shown?: readonly TestStep["step"][];
  /** What is said if all went well. */
  ok?: string;
  /** Name of the button. */
  label?: string;
}

/** "Test settings": one step below the other, the server's own words, and the sentence that mends it. */
export function TestPanel({ answer, error, running, onTest, shown = STEPS, ok, label }: TestPanelProps) {
  const { t } = useTranslation();
  const steps = useRef<HTMLOListElement>(null);
  useEffect(() => {
    if (running || answer !== undefined) {
      steps.current?.scrollIntoView({ block: "nearest", behavior: "smooth" });
    }
  }, [running, answer]);
  return (
    <section className={css.test} aria-live="polite" aria-busy={running}>
      <Button
        variant="light"
        leftSection={<IconPlugConnected size={17} aria-hidden />}
        loading={running}
        onClick={onTest}
      >
        {label ?? t("test.button")}
      </Button>
      {error === null ? null : <Failure error={error} what={t("test.failed")} retry={onTest} />}
      {running || answer !== undefined ? (
        <ol className={css.steps} ref={steps}>
          {shown.map((step) => (
            <Step key={step} word={step} step={answer?.steps.find((one) => one.step === step)} running={running} />
          ))}
        </ol>
      ) : null}
      {!running && answer?.ok === true ? (
        <Notice tone="ok">{ok ?? t("test.ok", { count: answer.mailboxes.length })}</Notice>
      ) : null}
    </section>
  );
}

interface StepProps {
  word: TestStep["step"];
  /** Absent while the test runs, and behind a step that failed. */
  step: TestStep | undefined;
  running: boolean;
}

function Step({ word, step, running }: StepProps) {
  const { t } = useTranslation();
  const name = t(`test.steps.${word}`);
  if (running) {
    return (
      <li className={`${css.step} ${css.waiting}`}>
        <Loader size={20} aria-label={t("test.running")} />
        <span className={css.stepName}>{name}</span>
      </li>
    );
  }
  if (step === undefined) {
    return (
      <li className={`${css.step} ${css.waiting}`}>
        <IconCircleDashed size={22} stroke={1.7} role="img" aria-label={t("test.skipped")} />
        <span className={css.stepName}>{name}</span>
      </li>
    );
  }
  return (
    <li className={`${css.step} ${step.ok ? css.good : css.bad}`}>
      {step.ok ? (
        <IconCircleCheck size={22} stroke={1.8} role="img" aria-label={t("test.good")} />
      ) : (
        <IconCircleX size={22} stroke={1.8} role="img" aria-label={t("test.bad")} />
      )}
      <span className={css.stepName}>{name}</span>
      {step.detail === "" ? null : <div className={css.detail}>{step.detail}</div>}
      {step.advice == null ? null : <div className={css.advice}>{step.advice.text}</div>}
    </li>
  );
}
