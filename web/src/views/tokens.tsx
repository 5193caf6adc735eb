import { Button, Checkbox, Modal, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { IconClockOff, IconPlus } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, done, take } from "../api/client";
import { tokensQuery } from "../api/queries";
import type { ApiToken, TokenScope } from "../api/types";
import { useFormats } from "../lang/format";
import { FormEnd } from "../parts/FormEnd";
import { Loading } from "../parts/Loading";
import { Notice, Pill } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { PageHead } from "../parts/PageHead";
import { useIsNarrow } from "../parts/Panes";
import { RemoveDialog } from "../parts/RemoveDialog";
import { ShownSecret } from "../parts/ShownSecret";
import { tell } from "../parts/toast";

const SCOPES: readonly TokenScope[] = ["read", "write", "erp", "suppression"];

/** What programs log in with: one's own tokens, for administrators everybody's. */
export function Tokens() {
  const { t } = useTranslation();
  const query = useQuery(tokensQuery);
  const [making, setMaking] = useState(false);
  const [secret, setSecret] = useState<string>();
  const [revoking, setRevoking] = useState<ApiToken>();
  return (
    <div className={page.inner}>
      <PageHead title={t("tokens.title")} lead={t("tokens.lead")}>
        <Button leftSection={<IconPlus size={17} aria-hidden />} onClick={() => setMaking(true)}>
          {t("tokens.add")}
        </Button>
      </PageHead>
      <Loading of={query} what={t("tokens.failed")} height={110} />
      {secret === undefined ? null : (
        <ShownSecret
          title={t("tokens.secretOnce")}
          secret={secret}
          kept={t("tokens.secretKept")}
          onKept={() => setSecret(undefined)}
        />
      )}
      <div className={page.stack}>
        {query.data?.length === 0 ? <Notice tone="info">{t("tokens.none")}</Notice> : null}
        {query.data?.map((token) => (
          <Card key={token.id} token={token} onRevoke={() => setRevoking(token)} />
        ))}
      </div>
      {making ? <Dialog onClose={() => setMaking(false)} onSecret={setSecret} /> : null}
      {revoking === undefined ? null : <Revocation token={revoking} onClose={() => setRevoking(undefined)} />}
    </div>
  );
}

function Card({ token, onRevoke }: { token: ApiToken; onRevoke: () => void }) {
  const { t } = useTranslation();
  const { list, shortDate } = useFormats();
  const [now] = useState(() => Date.now());
  const expired = token.expires !== null && Date.parse(token.expires) <= now;
  const at = (time: string | null) => (time === null ? t("tokens.never") : shortDate(time));
  return (
    <article className={page.card} aria-label={token.name}>
      <div className={page.cardHead}>
        <h2>{token.name}</h2>
        {expired ? (
          <Pill tone="warn" icon={IconClockOff}>
            {t("tokens.expired")}
          </Pill>
        ) : null}
        <span className={`${page.row} ${page.end}`}>
          <Button size="xs" variant="default" onClick={onRevoke} aria-label={t("tokens.revokeNamed", { name: token.name })}>
            {t("tokens.revoke")}
          </Button>
        </span>
      </div>
      <dl className={page.facts}>
        <dt>{t("tokens.scopes")}</dt>
        <dd>{list(SCOPES.filter((scope) => token.scopes.includes(scope)).map((scope) => t(`tokens.scope.${scope}`)))}</dd>
        <dt>{t("tokens.owner")}</dt>
        <dd>{token.owner}</dd>
        <dt>{t("tokens.created")}</dt>
        <dd>{shortDate(token.created)}</dd>
        <dt>{t("tokens.lastUsed")}</dt>
        <dd>{at(token.used)}</dd>
        <dt>{t("tokens.expires")}</dt>
        <dd>{at(token.expires)}</dd>
      </dl>
    </article>
  );
}

/** The end of a day, as the clock here has it. */
function endOf(day: string): string {
  return new Date(`${day}T23:59:59`).toISOString();
}

function Dialog({ onClose, onSecret }: { onClose: () => void; onSecret: (secret: string) => void }) {
  const { t } = useTranslation();
  const narrow = useIsNarrow();
  const client = useQueryClient();
  const form = useForm<{ name: string; scopes: TokenScope[]; expires: string }>({
    initialValues: { name: "", scopes: [], expires: "" },
    validate: {
      name: (name) => (name.trim() === "" ? t("form.required") : null),
      scopes: (scopes) => (scopes.length === 0 ? t("tokens.choose") : null),
    },
  });
  const make = useMutation({
    mutationFn: () => {
      const { name, scopes, expires } = form.values;
      return take(api.POST("/api/v1/tokens", { body: { name, scopes, ...(expires !== "" && { expires: endOf(expires) }) } }));
    },
    onSuccess: async ({ secret }) => {
      onSecret(secret);
      onClose();
      await client.invalidateQueries({ queryKey: ["tokens"] });
    },
  });
  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      fullScreen={narrow}
      title={t("tokens.add")}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <form onSubmit={form.onSubmit(() => make.mutate())}>
        <Stack>
          <TextInput label={t("tokens.name")} description={t("tokens.nameHint")} maxLength={200} {...form.getInputProps("name")} />
          <Checkbox.Group label={t("tokens.scopes")} {...form.getInputProps("scopes")}>
            <Stack gap="xs" mt="xs">
              {SCOPES.map((scope) => (
                <Checkbox
                  key={scope}
                  value={scope}
                  label={t(`tokens.scope.${scope}`)}
                  description={t(`tokens.scopeWhat.${scope}`)}
                />
              ))}
            </Stack>
          </Checkbox.Group>
          <TextInput type="date" label={t("tokens.expires")} description={t("tokens.expiresHint")} {...form.getInputProps("expires")} />
          <FormEnd save={make} label={t("tokens.make")} failed={t("tokens.notMade")} onCancel={onClose} />
        </Stack>
      </form>
    </Modal>
  );
}

function Revocation({ token, onClose }: { token: ApiToken; onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  return (
    <RemoveDialog
      title={t("tokens.revokeTitle", { name: token.name })}
      means={t("tokens.revokeMeans")}
      label={t("tokens.revoke")}
      failed={t("tokens.notRevoked")}
      remove={() => done(api.DELETE("/api/v1/tokens/{token_id}", { params: { path: { token_id: token.id } } }))}
      onRemoved={() => {
        tell(t("tokens.revoked", { name: token.name }));
        return client.invalidateQueries({ queryKey: ["tokens"] });
      }}
      onClose={onClose}
    />
  );
}
