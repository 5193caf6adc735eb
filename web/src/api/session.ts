import { useQuery } from "@tanstack/react-query";
import { setUserZone } from "../lang/format";
import { switchLanguage } from "../lang/i18n";
import { currentLanguage } from "../lang/language";
import { api, done, take } from "./client";
import { queryClient, sessionQuery } from "./queries";
import type { Language, ProfileChange, Session } from "./types";

/** The session; only for what is drawn behind the login. */
export function useSession(): Session {
  const { data } = useQuery(sessionQuery);
  if (data === undefined) {
    throw new Error("drawn without a session");
  }
  return data;
}

/** Administrators change settings; auditors change nothing at all. */
export function useMayAdminister(): boolean {
  return useSession().user.role === "administrator";
}

/** Starts working as this user: rows of whoever was here before are forgotten. */
export async function enter(session: Session): Promise<void> {
  queryClient.clear();
  queryClient.setQueryData(sessionQuery.queryKey, session);
  await applyProfile(session);
}

/** The language and zone of the profile. The theme is set by the shell, which has Mantine's hook. */
export async function applyProfile({ user }: Session): Promise<void> {
  setUserZone(user.zone);
  if (user.language !== currentLanguage()) {
    await switchLanguage(user.language);
  }
}

/** Ends the session. What was shown is forgotten by the login page, when nothing of it is drawn any more. */
export async function leave(): Promise<void> {
  await done(api.DELETE("/api/v1/session"));
  // Whoever goes back is asked for a session anew.
  await queryClient.invalidateQueries({ queryKey: sessionQuery.queryKey, refetchType: "none" });
}

export function forget(): void {
  queryClient.clear();
}

/** Switches at once; the profile follows. */
export async function chooseLanguage(language: Language): Promise<void> {
  await switchLanguage(language);
  await changeProfile({ language });
}

/** The change arrives even if the page is left at once. */
export async function changeProfile(change: ProfileChange): Promise<void> {
  const session = await take(api.PATCH("/api/v1/me", { body: change, keepalive: true }));
  setUserZone(session.user.zone);
  queryClient.setQueryData(sessionQuery.queryKey, session);
}
