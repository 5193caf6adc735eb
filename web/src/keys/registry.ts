/** One key, or two pressed one after the other (`g i`), or a chord (`Ctrl+K`). */
export type Keys = string;

export type CommandGroup = "list" | "mail" | "go" | "general";

export interface Command {
  /** Also the key of its name in the language files, below `keys.names`. */
  id: CommandId;
  keys: readonly Keys[];
  group: CommandGroup;
}

/** Every key the page knows. The help, the palette and the dispatcher are made from this list alone. */
export const COMMANDS = [
  { id: "next", keys: ["j"], group: "list" },
  { id: "previous", keys: ["k"], group: "list" },
  { id: "open", keys: ["o", "Enter"], group: "list" },
  { id: "select", keys: ["x"], group: "list" },
  { id: "back", keys: ["u"], group: "mail" },
  { id: "toggleRead", keys: ["Shift+I"], group: "mail" },
  { id: "why", keys: ["w"], group: "mail" },
  { id: "source", keys: ["v"], group: "mail" },
  { id: "tag", keys: ["l"], group: "mail" },
  { id: "link", keys: ["Shift+L"], group: "mail" },
  { id: "needsNone", keys: ["Shift+N"], group: "mail" },
  { id: "delete", keys: ["#"], group: "mail" },
  { id: "spam", keys: ["!"], group: "mail" },
  { id: "goAll", keys: ["g i"], group: "go" },
  { id: "goDeleted", keys: ["g t"], group: "go" },
  { id: "goSpam", keys: ["g s"], group: "go" },
  { id: "goBounces", keys: ["g b"], group: "go" },
  { id: "goAddresses", keys: ["g r"], group: "go" },
  { id: "goManual", keys: ["g h"], group: "go" },
  { id: "goImportList", keys: ["g l"], group: "go" },
  { id: "goImports", keys: ["g m"], group: "go" },
  { id: "goQuarantine", keys: ["g q"], group: "go" },
  { id: "goAccounts", keys: ["g a"], group: "go" },
  { id: "goProfile", keys: ["g p"], group: "go" },
  { id: "search", keys: ["/"], group: "general" },
  { id: "undo", keys: ["z"], group: "general" },
  { id: "palette", keys: ["Ctrl+K"], group: "general" },
  { id: "help", keys: ["?"], group: "general" },
] as const satisfies readonly { id: string; keys: readonly Keys[]; group: CommandGroup }[];

export type CommandId = (typeof COMMANDS)[number]["id"];

/** Milliseconds within which the second key of a pair must follow. */
export const PAIR_MS = 1_200;

export interface Stroke {
  key: string;
  ctrl: boolean;
  shift: boolean;
  alt: boolean;
}

/** What the dispatcher knows between two strokes. */
export interface Pending {
  first: string | undefined;
  at: number;
}

export interface Answer {
  command: CommandId | undefined;
  pending: Pending;
}

const NONE: Pending = { first: undefined, at: 0 };

/** Which command a stroke means, given what was pressed before. `now` in milliseconds. */
export function interpret(stroke: Stroke, pending: Pending, now: number, singleKeys: boolean): Answer {
  const name = nameOf(stroke);
  if (stroke.ctrl) {
    return { command: commandOf(name), pending: NONE };
  }
  if (!singleKeys || stroke.alt) {
    return { command: undefined, pending: NONE };
  }
  if (pending.first !== undefined && now - pending.at <= PAIR_MS) {
    const command = commandOf(`${pending.first} ${name}`);
    if (command !== undefined) {
      return { command, pending: NONE };
    }
  }
  const command = commandOf(name);
  const begins = COMMANDS.some((one) => one.keys.some((keys) => keys.startsWith(`${name} `)));
  return { command, pending: begins ? { first: name, at: now } : NONE };
}

function commandOf(keys: Keys): CommandId | undefined {
  return COMMANDS.find((command) => (command.keys as readonly Keys[]).includes(keys))?.id;
}

function nameOf({ key, ctrl, shift }: Stroke): Keys {
  if (ctrl) {
    return `Ctrl+${key.toUpperCase()}`;
  }
  // Letters carry their shift; signs such as ? already are what shift makes of them.
  return shift && /^\p{L}$/u.test(key) ? `Shift+${key.toUpperCase()}` : key;
}
