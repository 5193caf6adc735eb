// A real authorization server for tests: code with PKCE, device code, rotating refresh tokens, introspection, revocation.
// Environment: PORT, REDIRECT (address people come back to), AT_TTL and RT_TTL (seconds).
import crypto from "node:crypto";
import Provider from "oidc-provider";

const port = Number(process.env.PORT);
const issuer = `http://127.0.0.1:${port}`;
const accessSeconds = Number(process.env.AT_TTL ?? 3600);
const refreshSeconds = Number(process.env.RT_TTL ?? 1209600);
const redirects = (process.env.REDIRECT ?? "http://127.0.0.1:1/oauth/callback").split(" ");
const DEVICE = "urn:ietf:params:oauth:grant-type:device_code";

// Who is there; erna consents as herself and may open the mailbox info.
const people = new Set(["alice", "bob", "erna"]);
const mailboxOf = (subject) => (subject === "erna" ? "info" : subject);

const app = {
  client_id: "poststelle",
  client_secret: "poststelle-secret",
  grant_types: ["authorization_code", "refresh_token", DEVICE],
  redirect_uris: redirects,
  response_types: ["code"],
  token_endpoint_auth_method: "client_secret_post",
};

const provider = new Provider(issuer, {
  clients: [
    app,
    { ...app, client_id: "daemon", client_secret: "daemon-secret", grant_types: ["client_credentials"], redirect_uris: [], response_types: [] },
    { client_id: "dovecot", client_secret: "dovecot-secret", grant_types: [], redirect_uris: [], response_types: [] },
  ],
  scopes: ["openid", "offline_access", "email", "mail"],
  claims: { openid: ["sub"], email: ["email"] },
  pkce: { required: () => true },
  features: {
    devInteractions: { enabled: true },
    deviceFlow: { enabled: true },
    introspection: { enabled: true, allowedPolicy: (_context, client) => client.clientId === "dovecot" },
    revocation: { enabled: true },
    clientCredentials: { enabled: true },
  },
  ttl: {
    AccessToken: accessSeconds,
    AuthorizationCode: 60,
    ClientCredentials: accessSeconds,
    DeviceCode: 600,
    Grant: refreshSeconds,
    IdToken: 3600,
    Interaction: 3600,
    RefreshToken: refreshSeconds,
    Session: refreshSeconds,
  },
  rotateRefreshToken: true,
  issueRefreshToken: (_context, client, code) => client.grantTypeAllowed("refresh_token") && code.scopes.has("offline_access"),
  findAccount: (_context, id) =>
    people.has(id) ? { accountId: id, claims: () => ({ sub: id, email: `${id}@example.net` }) } : undefined,
  jwks: { keys: [crypto.generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" })] },
  cookies: { keys: ["test"] },
});

// Dovecot looks for the mailbox in the answer of the introspection.
provider.use(async (context, next) => {
  await next();
  if (context.path === "/token/introspection" && context.body?.active) {
    context.body = { ...context.body, username: mailboxOf(context.body.sub) };
  }
});

const counted = { refresh_token: 0, introspection: 0 };
const grants = new Map();
provider.on("access_token.saved", (token) => {
  if (token.grantId !== undefined) {
    grants.set(token.grantId, token.accountId);
  }
});
provider.on("server_error", (_context, error) => console.error(error));
provider.on("grant.error", (_context, error) => console.error(error.message, error.error_description));

// What an administrator of the service would do: take everything back that a person has granted; count; be out of order.
let isDown = false;
provider.use(async (context, next) => {
  if (context.path === "/test/revoke") {
    for (const [grantId, person] of grants) {
      if (person === context.query.person) {
        await provider.AccessToken.revokeByGrantId(grantId);
        await provider.RefreshToken.revokeByGrantId(grantId);
        await (await provider.Grant.find(grantId))?.destroy();
        grants.delete(grantId);
      }
    }
    context.body = "";
    return;
  }
  if (context.path === "/test/down") {
    isDown = context.query.is === "true";
    context.body = "";
    return;
  }
  if (context.path === "/test/counts") {
    context.body = counted;
    return;
  }
  if (isDown) {
    context.status = 503;
    context.set("Retry-After", "7");
    return;
  }
  await next();
  if (context.path === "/token" && context.oidc?.params?.grant_type === "refresh_token") {
    counted.refresh_token += 1;
  }
  if (context.path === "/token/introspection") {
    counted.introspection += 1;
  }
});

provider.listen(port, "127.0.0.1", () => console.log(issuer));
