import { ActionIcon, Popover, TagsInput } from "@mantine/core";
import { IconTags } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, done } from "../api/client";
import { useSession } from "../api/session";
import type { MessageDetail } from "../api/types";
import { useCommand } from "../keys/dispatch";
import { tellFailure } from "../parts/toast";
import reader from "../reader/Reader.module.css";
import { tagsChanged, tagsQuery } from "./queries";

/** Puts tags on a message and takes them off; new names make new tags. */
export function TagEditor({ message }: { message: MessageDetail }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const mayChange = useSession().user.role !== "auditor";
  const [opened, setOpened] = useState(false);
  const known = useQuery({ ...tagsQuery, enabled: opened });
  const change = useMutation({
    mutationFn: (names: string[]) => {
      const had = (name: string) => message.tags.some((tag) => same(tag.name, name));
      return done(
        api.POST("/api/v1/tags/messages", {
          body: {
            mails: [message.mail_id],
            add: names.filter((name) => !had(name)),
            remove: message.tags.filter((tag) => !names.some((name) => same(tag.name, name))).map((tag) => tag.key),
          },
        }),
      );
    },
    onSettled: () => tagsChanged(client),
    onError: () => tellFailure(t("tags.notChanged")),
  });
  useCommand("tag", () => setOpened(true), mayChange);
  if (!mayChange) {
    return null;
  }
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-end" withinPortal shadow="md" trapFocus>
      <Popover.Target>
        <ActionIcon
          variant="subtle"
          color="gray"
          className={reader.touch}
          aria-label={t("tags.edit")}
          title={t("tags.edit")}
          onClick={() => setOpened(!opened)}
        >
          <IconTags size={19} stroke={1.7} />
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown w={300} maw="90vw">
        <TagsInput
          label={t("tags.title")}
          description={t("tags.editWhat")}
          data={(known.data ?? []).map((tag) => tag.name)}
          value={change.isPending ? change.variables : message.tags.map((tag) => tag.name)}
          onChange={(names) => change.mutate(names)}
          maxLength={60}
          comboboxProps={{ withinPortal: false }}
          isDuplicate={(value, others) => others.some((other) => same(other, value))}
          data-autofocus
        />
      </Popover.Dropdown>
    </Popover>
  );
}

function same(one: string, other: string): boolean {
  return one.trim().toLowerCase() === other.trim().toLowerCase();
}
