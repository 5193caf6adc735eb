import type { Account, AccountsChange, Handling, Keeping } from "../api/types";

/** What is to change with several accounts, as chosen; `same`: it stays as it is with each. */
export interface Together {
  active: "same" | "on" | "off";
  pollMinutes: number | "";
  role: "same" | Handling["role"];
  fetched: "same" | NonNullable<Keeping["fetched"]>;
  folder: string;
  deleted: "same" | "never" | "at_once" | "later";
  days: number;
  deleteThere: "same" | "on" | "off";
}

export const NOTHING: Together = {
  active: "same",
  pollMinutes: "",
  role: "same",
  fetched: "same",
  folder: "",
  deleted: "same",
  days: 90,
  deleteThere: "same",
};

/** What all of these accounts can be told: `fetched` of having a server, `folders` of having folders and marks. */
export function offeredTo(accounts: readonly Account[]): { fetched: boolean; folders: boolean } {
  return {
    fetched: accounts.every(({ kind }) => kind !== "import"),
    folders: accounts.every(({ kind }) => kind !== "import" && kind !== "pop3"),
  };
}

/** What they all have alike; `undefined` where they differ. */
export function commonOf(accounts: readonly Account[]) {
  const alike = <T>(of: (account: Account) => T): T | undefined => {
    const values = new Set(accounts.map(of));
    return values.size === 1 ? [...values][0] : undefined;
  };
  return {
    active: alike(({ active }) => active),
    pollSeconds: alike(({ connection }) => connection?.poll_seconds),
    role: alike(({ handling }) => handling.role),
  };
}

/** Only what is to change. */
export function changeOf(form: Together): Omit<AccountsChange, "accounts"> {
  return {
    ...(form.active !== "same" && { active: form.active === "on" }),
    ...(form.pollMinutes !== "" && { poll_seconds: Math.round(form.pollMinutes * 60) }),
    ...(form.role !== "same" && { role: form.role }),
    ...(form.fetched !== "same" && { fetched: form.fetched }),
    ...(form.fetched === "move" && { fetched_folder: form.folder.trim() }),
    ...(form.deleteThere !== "same" && { delete_there: form.deleteThere === "on" }),
    ...(form.deleted !== "same" && {
      delete_after:
        form.deleted === "never" ? ("never" as const) : { days: form.deleted === "at_once" ? 0 : form.days },
    }),
  };
}
