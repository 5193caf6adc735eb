import { Button, Group, Modal, Select, Stack } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { RecordName, RecordSheet } from "../api/types";
import { Failure } from "../parts/Failure";
import { linkableQuery } from "./queries";
import { recordTitle } from "./words";

interface RecordPickerProps {
  title: string;
  onPick: (record: RecordName) => void;
  onClose: () => void;
}

/** Asks for a record by the beginning of its number, name or address. */
export function RecordPicker({ title, onPick, onClose }: RecordPickerProps) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState("");
  const [chosen, setChosen] = useState<RecordSheet>();
  const [text] = useDebouncedValue(typed.trim(), 150);
  const found = useQuery({ ...linkableQuery(text), enabled: text !== "" && chosen === undefined });
  const fitting = text === "" ? [] : (found.data ?? []).filter((sheet) => !sheet.record.vanished);
  const sheets = chosen === undefined ? fitting : [chosen];
  const record = chosen?.record;
  return (
    <Modal opened onClose={onClose} title={title} closeButtonProps={{ "aria-label": t("common.close") }}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (record !== undefined) {
            onPick({ kind: record.kind, number: record.number });
          }
        }}
      >
        <Stack>
          <Select
            label={t("links.search")}
            description={t("links.searchWhat")}
            searchable
            data-autofocus
            value={chosen === undefined ? null : valueOf(chosen)}
            onChange={(value) => setChosen(sheets.find((sheet) => valueOf(sheet) === value))}
            searchValue={typed}
            onSearchChange={(value) => {
              setTyped(value);
              if (record !== undefined && value !== labelOf(record)) {
                setChosen(undefined);
              }
            }}
            data={sheets.map((sheet) => ({ value: valueOf(sheet), label: labelOf(sheet.record) }))}
            filter={({ options }) => options}
            nothingFoundMessage={text === "" || found.isFetching ? undefined : t("links.nothingFound")}
            comboboxProps={{ withinPortal: false }}
            maxDropdownHeight={260}
          />
          {found.error === null ? null : <Failure error={found.error} what={t("links.searchFailed")} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t("form.cancel")}
            </Button>
            <Button type="submit" disabled={record === undefined}>
              {t("links.link")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );

  function labelOf(one: RecordSheet["record"]): string {
    return [recordTitle(t, one), one.name, one.state].filter((word) => word !== "").join(" · ");
  }
}

function valueOf({ record }: RecordSheet): string {
  return `${record.kind}/${record.number}`;
}
