import { Checkbox, PasswordInput, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";
import page from "../parts/Page.module.css";
import type { ErpBook } from "./queries";

interface DavFieldsProps {
  /** What the form gives its fields. */
  url: object;
  login: object;
  password: object;
  passwordKept: boolean;
  /** Address books that a trial found. */
  found: readonly ErpBook[];
  /** Those to be read; none: all. */
  chosen: readonly ErpBook[];
  onChoose: (books: ErpBook[]) => void;
}

/** Server, login and address books of a CardDAV source. */
export function DavFields({ url, login, password, passwordKept, found, chosen, onChoose }: DavFieldsProps) {
  const { t } = useTranslation();
  const shown = [...found, ...chosen.filter((one) => !found.some((book) => book.path === one.path))];
  return (
    <>
      <TextInput
        label={t("erp.url")}
        description={t("erp.urlWhat")}
        placeholder="https://dav.example.org"
        required
        {...url}
      />
      <TextInput label={t("erp.login")} required autoComplete="off" {...login} />
      <PasswordInput
        label={t("erp.password")}
        description={passwordKept ? t("erp.passwordKept") : undefined}
        autoComplete="new-password"
        {...password}
      />
      <Checkbox.Group
        label={t("erp.books")}
        description={t("erp.booksWhat")}
        value={chosen.map((book) => book.path)}
        onChange={(paths) => onChoose(shown.filter((book) => paths.includes(book.path)))}
      >
        <div className={page.stack}>
          {shown.map((book) => (
            <Checkbox key={book.path} value={book.path} label={`${book.name} (${book.path})`} />
          ))}
        </div>
      </Checkbox.Group>
    </>
  );
}
