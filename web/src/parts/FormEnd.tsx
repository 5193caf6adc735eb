import { Button, Group } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Failure } from "./Failure";

interface FormEndProps {
  save: { error: Error | null; isPending: boolean };
  /** Name of the button. */
  label: string;
  /** What is said when it was refused. */
  failed: string;
  /** There is nothing to save yet. */
  disabled?: boolean;
  /** Of the button, where it does harm. */
  color?: string | undefined;
  /** Absent where there is nothing to go back to. */
  onCancel?: () => void;
  /** Enter is to do nothing. */
  cancelFocused?: boolean;
  /** Further buttons, before it. */
  children?: ReactNode;
}

/** The end of a form: why it was not saved, and its buttons. */
export function FormEnd({
  save,
  label,
  failed,
  disabled = false,
  color,
  onCancel,
  cancelFocused = false,
  children,
}: FormEndProps) {
  const { t } = useTranslation();
  return (
    <>
      {save.error === null ? null : <Failure error={save.error} what={failed} />}
      <Group justify="flex-end">
        {children}
        {onCancel === undefined ? null : (
          <Button variant="default" onClick={onCancel} data-autofocus={cancelFocused || undefined}>
            {t("form.cancel")}
          </Button>
        )}
        <Button type="submit" loading={save.isPending} disabled={disabled} color={color}>
          {label}
        </Button>
      </Group>
    </>
  );
}
