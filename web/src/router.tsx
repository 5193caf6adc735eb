import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
  type RouteComponent,
} from "@tanstack/react-router";
import { isProblem } from "./api/problem";
import { queryClient, sessionQuery, setupQuery } from "./api/queries";
import type { ImportOutcome } from "./api/types";
import { isOutcome } from "./imports/outcomes";
import { linkableQuery } from "./links/queries";
import { MissingPage, RouteFailure } from "./parts/RouteFailure";
import { isOlderForm, translate } from "./search/deeplink";
import type { AuditSearch } from "./views/audit";
import type { MediaSearch } from "./views/media";
import type { SenderSearch } from "./views/senders";

/** Search parameters are plain texts: `q=12` is the text 12, and links stay readable. */
type Search = Record<string, string | undefined>;

interface OlderSearch {
  q?: string | undefined;
  tab?: string | undefined;
  orderby?: string | undefined;
}

interface FoundSearch extends OlderSearch {
  sort?: "relevance" | undefined;
  id?: string | undefined;
}

interface ListSearch {
  account?: string | undefined;
  mailbox?: string | undefined;
  unread?: "1" | undefined;
  /** Key of a tag. */
  tag?: string | undefined;
  id?: string | undefined;
}

const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

const root = createRootRoute({ component: Outlet, errorComponent: RouteFailure, notFoundComponent: MissingPage });

/** Number of the only contact with this address, of several the only active one. */
async function contactOf(email: string): Promise<string | undefined> {
  const address = email.trim().toLowerCase();
  const found = await queryClient.query(linkableQuery(address, "contact"));
  const carrying = found.filter(({ addresses, record: { vanished } }) => !vanished && addresses.includes(address));
  const active = carrying.filter(({ record: { active } }) => active);
  const fitting = active.length > 0 ? active : carrying;
  return fitting.length === 1 ? fitting[0]?.record.number : undefined;
}

const setup = createRoute({
  getParentRoute: () => root,
  path: "/setup",
  component: lazyRouteComponent(() => import("./views/setup"), "Setup"),
});

const login = createRoute({
  getParentRoute: () => root,
  path: "/login",
  validateSearch: (search: Search): { next?: string | undefined } => ({ next: text(search["next"]) }),
  beforeLoad: async () => {
    if ((await queryClient.query(setupQuery)).needed) {
      throw redirect({ to: "/setup" });
    }
  },
  component: lazyRouteComponent(() => import("./views/login"), "Login"),
});

/** Everything behind the login. */
const shell = createRoute({
  getParentRoute: () => root,
  id: "shell",
  beforeLoad: async ({ location }) => {
    try {
      await queryClient.query(sessionQuery);
    } catch (error) {
      if (!isProblem(error, 401)) {
        throw error;
      }
      const next = location.href === "/" ? undefined : location.href;
      throw redirect({ to: "/login", search: { next } });
    }
  },
  component: lazyRouteComponent(() => import("./parts/Shell"), "Shell"),
  errorComponent: RouteFailure,
});

const older = (search: Search): OlderSearch => ({
  q: text(search["q"]),
  tab: text(search["tab"]),
  orderby: text(search["orderby"]),
});

const start = createRoute({
  getParentRoute: () => shell,
  path: "/",
  validateSearch: older,
  beforeLoad: ({ search }) => {
    if (search.q !== undefined) {
      throw redirect({ to: "/mail", search, replace: true });
    }
    throw redirect({ to: "/mail/$view", params: { view: "all" }, replace: true });
  },
});

const searchPage = createRoute({
  getParentRoute: () => shell,
  path: "/mail",
  validateSearch: (search: Search): FoundSearch => ({
    ...older(search),
    sort: search["sort"] === "relevance" ? "relevance" : undefined,
    id: text(search["id"]),
  }),
  beforeLoad: ({ search }) => {
    if (search.q !== undefined && isOlderForm(search.q)) {
      const { q, sort } = translate(search.q, search.tab, search.orderby);
      throw redirect({ to: "/mail", search: { q, sort: sort === "relevance" ? sort : undefined }, replace: true });
    }
  },
  component: lazyRouteComponent(() => import("./views/search"), "SearchView"),
});

const mail = createRoute({
  getParentRoute: () => shell,
  path: "/mail/$view",
  validateSearch: (search: Search): ListSearch => ({
    account: text(search["account"]),
    mailbox: text(search["mailbox"]),
    unread: search["unread"] === "1" ? "1" : undefined,
    tag: /^\d{1,15}$/.test(text(search["tag"]) ?? "") ? text(search["tag"]) : undefined,
    id: text(search["id"]),
  }),
  component: lazyRouteComponent(() => import("./views/mail"), "MailView"),
});

const single = createRoute({
  getParentRoute: () => shell,
  path: "/m/$mailId",
  beforeLoad: ({ params }) => {
    throw redirect({ to: "/mail/$view", params: { view: "all" }, search: { id: params.mailId }, replace: true });
  },
});

const archive = createRoute({
  getParentRoute: () => shell,
  path: "/archive",
  validateSearch: older,
  beforeLoad: ({ search }) => {
    throw redirect({ to: "/mail", search, replace: true });
  },
});

const imports = createRoute({
  getParentRoute: () => shell,
  path: "/imports",
  component: lazyRouteComponent(() => import("./views/imports"), "Imports"),
});

const importReport = createRoute({
  getParentRoute: () => shell,
  path: "/imports/$importId",
  validateSearch: (search: Record<string, unknown>): { outcome?: ImportOutcome | undefined } =>
    isOutcome(search["outcome"]) ? { outcome: search["outcome"] } : {},
  component: lazyRouteComponent(() => import("./views/importReport"), "ImportReport"),
});

const quarantine = createRoute({
  getParentRoute: () => shell,
  path: "/quarantine",
  component: lazyRouteComponent(() => import("./views/quarantine"), "Quarantine"),
});

const doctor = createRoute({
  getParentRoute: () => shell,
  path: "/doctor",
  component: lazyRouteComponent(() => import("./views/doctor"), "Doctor"),
});

const audit = createRoute({
  getParentRoute: () => shell,
  path: "/audit",
  validateSearch: (search: Search): AuditSearch => ({
    actor: text(search["actor"]),
    action: text(search["action"]),
    target: text(search["target"]),
    from: text(search["from"]),
    until: text(search["until"]),
  }),
  component: lazyRouteComponent(() => import("./views/audit"), "Audit"),
});

const senders = createRoute({
  getParentRoute: () => shell,
  path: "/senders",
  validateSearch: (search: Search): SenderSearch => ({
    q: text(search["q"]),
    all: search["all"] === "1" ? "1" : undefined,
    order: search["order"] === "last" ? "last" : undefined,
  }),
  component: lazyRouteComponent(() => import("./views/senders"), "Senders"),
});

const media = createRoute({
  getParentRoute: () => shell,
  path: "/media",
  validateSearch: (search: Search): MediaSearch => ({
    kind: text(search["kind"]),
    name: text(search["name"]),
    sender: text(search["sender"]),
    size: /^\d{1,6}$/.test(text(search["size"]) ?? "") ? text(search["size"]) : undefined,
    from: text(search["from"]),
    until: text(search["until"]),
    list: search["list"] === "1" ? "1" : undefined,
  }),
  component: lazyRouteComponent(() => import("./views/media"), "MediaView"),
});

const approvals = createRoute({
  getParentRoute: () => shell,
  path: "/approvals",
  component: lazyRouteComponent(() => import("./views/approvals"), "Approvals"),
});

const bounces = createRoute({
  getParentRoute: () => shell,
  path: "/bounces",
  validateSearch: (search: Search): { days?: string | undefined } => ({ days: text(search["days"]) }),
  component: lazyRouteComponent(() => import("./views/bounces"), "Bounces"),
});

const addresses = createRoute({
  getParentRoute: () => shell,
  path: "/bounces/addresses",
  validateSearch: (search: Search): { state?: string | undefined; q?: string | undefined } => ({
    state: text(search["state"]),
    q: text(search["q"]),
  }),
  component: lazyRouteComponent(() => import("./views/addresses"), "Addresses"),
});

const address = createRoute({
  getParentRoute: () => shell,
  path: "/address/$address",
  component: lazyRouteComponent(() => import("./views/address"), "Address"),
});

const importList = createRoute({
  getParentRoute: () => shell,
  path: "/import-list",
  component: lazyRouteComponent(() => import("./views/importList"), "ImportList"),
});

const linkStatistics = createRoute({
  getParentRoute: () => shell,
  path: "/import-list/statistics",
  component: lazyRouteComponent(() => import("./views/linkStatistics"), "LinkStatistics"),
});

const record = createRoute({
  getParentRoute: () => shell,
  path: "/record/$kind/$number",
  component: lazyRouteComponent(() => import("./views/record"), "RecordPage"),
});

/** The page of the one contact with this address; without one, or with several, the address says what is known. */
const contact = createRoute({
  getParentRoute: () => shell,
  path: "/contact",
  validateSearch: (search: Search): { email?: string | undefined } => ({ email: text(search["email"]) }),
  beforeLoad: async ({ search: { email } }) => {
    if (email === undefined) {
      throw redirect({ to: "/bounces/addresses", replace: true });
    }
    const number = await contactOf(email);
    if (number !== undefined) {
      throw redirect({ to: "/record/$kind/$number", params: { kind: "contact", number }, replace: true });
    }
    throw redirect({ to: "/address/$address", params: { address: email }, replace: true });
  },
});

const manual = createRoute({
  getParentRoute: () => shell,
  path: "/bounces/manual",
  component: lazyRouteComponent(() => import("./views/manual"), "Manual"),
});

const bounceRules = createRoute({
  getParentRoute: () => shell,
  path: "/bounces/rules",
  component: lazyRouteComponent(() => import("./views/bounceRules"), "Rules"),
});

const lists = createRoute({
  getParentRoute: () => shell,
  path: "/bounces/lists",
  component: lazyRouteComponent(() => import("./views/lists"), "Lists"),
});

const list = createRoute({
  getParentRoute: () => shell,
  path: "/bounces/lists/$listId",
  component: lazyRouteComponent(() => import("./views/list"), "List"),
});

const suppression = createRoute({
  getParentRoute: () => shell,
  path: "/bounces/suppression",
  component: lazyRouteComponent(() => import("./views/suppression"), "SuppressionList"),
});

const settings = createRoute({
  getParentRoute: () => shell,
  path: "/settings",
  beforeLoad: ({ location }) => {
    if (/^\/settings\/?$/.test(location.pathname)) {
      throw redirect({ to: "/settings/profile", replace: true });
    }
  },
  component: lazyRouteComponent(() => import("./views/settings"), "Settings"),
});

/** A page of the settings that has no search parameters. */
const ofSettings = <Path extends string>(path: Path, component: RouteComponent) =>
  createRoute({ getParentRoute: () => settings, path, component });

const profile = ofSettings("/profile", lazyRouteComponent(() => import("./views/profile"), "Profile"));
const accounts = ofSettings("/accounts", lazyRouteComponent(() => import("./views/accounts"), "Accounts"));
const newAccount = ofSettings("/accounts/new", lazyRouteComponent(() => import("./views/account"), "NewAccount"));
const account = ofSettings("/accounts/$accountId", lazyRouteComponent(() => import("./views/account"), "EditAccount"));
const signIn = ofSettings("/sign-in", lazyRouteComponent(() => import("./views/signIn"), "SignIn"));

/** What a sign-in service sends along. */
type Returned = Partial<Record<"state" | "code" | "error" | "error_description" | "admin_consent", string | undefined>>;

const oauthReturn = createRoute({
  getParentRoute: () => shell,
  path: "/oauth/callback",
  validateSearch: (search: Search): Returned => ({
    state: text(search["state"]),
    code: text(search["code"]),
    error: text(search["error"]),
    error_description: text(search["error_description"]),
    admin_consent: text(search["admin_consent"]),
  }),
  component: lazyRouteComponent(() => import("./views/oauthReturn"), "OauthReturn"),
});

const tags = ofSettings("/tags", lazyRouteComponent(() => import("./views/tags"), "Tags"));
const blocklist = ofSettings("/blocklist", lazyRouteComponent(() => import("./views/blocklist"), "Blocklist"));
const contactAddresses = ofSettings(
  "/contact-addresses",
  lazyRouteComponent(() => import("./views/contactAddresses"), "ContactAddresses"),
);

const folders = ofSettings("/folders", lazyRouteComponent(() => import("./views/folders"), "Folders"));
const linkRules = ofSettings("/linking", lazyRouteComponent(() => import("./views/linkRules"), "LinkRules"));
const erasure = ofSettings("/erasure", lazyRouteComponent(() => import("./views/erasure"), "Erasure"));
const proof = ofSettings("/proof", lazyRouteComponent(() => import("./views/proof"), "Proof"));
const attachmentFiles = ofSettings(
  "/files",
  lazyRouteComponent(() => import("./views/attachmentFiles"), "AttachmentFiles"),
);
const storage = ofSettings("/storage", lazyRouteComponent(() => import("./views/storage"), "Storage"));
const retention = ofSettings("/retention", lazyRouteComponent(() => import("./views/retention"), "Retention"));
const procedures = ofSettings("/procedures", lazyRouteComponent(() => import("./views/procedures"), "Procedures"));
const jumps = ofSettings("/links", lazyRouteComponent(() => import("./views/jumps"), "Jumps"));
const groups = ofSettings("/groups", lazyRouteComponent(() => import("./views/groups"), "Groups"));
const users = ofSettings("/users", lazyRouteComponent(() => import("./views/users"), "Users"));
const tokens = ofSettings("/tokens", lazyRouteComponent(() => import("./views/tokens"), "Tokens"));
const system = ofSettings("/system", lazyRouteComponent(() => import("./views/system"), "System"));
const sending = ofSettings("/sending", lazyRouteComponent(() => import("./views/sending"), "Sending"));
const erp = ofSettings("/erp", lazyRouteComponent(() => import("./views/erp"), "Erp"));
const webhooks = ofSettings("/webhooks", lazyRouteComponent(() => import("./views/webhooks"), "Webhooks"));
const notifications = ofSettings(
  "/notifications",
  lazyRouteComponent(() => import("./views/notifications"), "NotificationSettings"),
);

const attachments = ofSettings(
  "/attachments",
  lazyRouteComponent(() => import("./views/attachments"), "AttachmentRules"),
);

const tree = root.addChildren([
  setup,
  login,
  shell.addChildren([
    start,
    searchPage,
    mail,
    single,
    archive,
    imports,
    importReport,
    quarantine,
    doctor,
    audit,
    senders,
    media,
    approvals,
    bounces,
    addresses,
    address,
    contact,
    importList,
    linkStatistics,
    record,
    manual,
    bounceRules,
    lists,
    list,
    suppression,
    oauthReturn,
    settings.addChildren([
      profile,
      accounts,
      newAccount,
      account,
      signIn,
      tags,
      blocklist,
      contactAddresses,
      folders,
      linkRules,
      jumps,
      proof,
      attachmentFiles,
      storage,
      retention,
      erasure,
      procedures,
      groups,
      users,
      tokens,
      sending,
      erp,
      webhooks,
      notifications,
      attachments,
      system,
    ]),
  ]),
]);

export const router = createRouter({
  routeTree: tree,
  parseSearch: (search) => Object.fromEntries(new URLSearchParams(search)),
  stringifySearch: (search) => {
    const words = new URLSearchParams();
    for (const [name, value] of Object.entries(search as Search)) {
      if (value !== undefined) {
        words.set(name, value);
      }
    }
    const joined = words.toString();
    return joined === "" ? "" : `?${joined}`;
  },
  defaultErrorComponent: RouteFailure,
  defaultNotFoundComponent: MissingPage,
  // Skeletons are the views' own business; the old page stays until the new one is there.
  defaultPendingMs: 10_000,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
