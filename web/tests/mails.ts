/** A mail that tries what a mail may not do. `trap` is an address no request may reach. */
export function hostileMail(trap: string): string {
  const html = `<!doctype html><html><head>
<base href="${trap}/base/">
<meta http-equiv="refresh" content="0;url=${trap}/refresh">
<link rel="stylesheet" href="${trap}/style.css">
<link rel="prefetch" href="${trap}/prefetch">
<style>@import url("${trap}/import.css"); body { background: url("${trap}/background.png") } .f { position: fixed; inset: 0 }</style>
<script>top.hacked = 1; alert("script")</script>
</head><body onload="top.hacked = 2">
<p>Sehr geehrte Damen und Herren, hier ist Ihr <b>Zebrafinkenangebot</b>.</p>
<img src="${trap}/pixel.png" width="1" height="1" alt="">
<img src="x" onerror="top.hacked = 3" alt="">
<svg onload="top.hacked = 4"><script>top.hacked = 5</script></svg>
<iframe srcdoc="&lt;script&gt;top.hacked = 6&lt;/script&gt;"></iframe>
<iframe src="${trap}/frame"></iframe>
<object data="${trap}/object"></object><embed src="${trap}/embed">
<video src="${trap}/video" autoplay></video><audio src="${trap}/audio" autoplay></audio>
<form action="${trap}/form"><input name="a" autofocus onfocus="top.hacked = 7"><button>Los</button></form>
<a href="javascript:top.hacked = 8">Klick mich</a>
<a href="${trap}/link" ping="${trap}/ping">Angebot</a>
<div class="f" style="position:fixed;background:url(${trap}/inline.png)" onclick="top.hacked = 9">Verdeckt</div>
<table width="1400" border="1"><tr><td>Breite Tabelle</td><td>Noch eine Spalte</td></tr></table>
</body></html>`;
  return mail("Boese Mail", "Angreifer <angreifer@boese.example>", "boese-1@boese.example", "text/html; charset=utf-8", html);
}

/** A mail with plain text, an earlier mail quoted below. */
export function plainMail(): string {
  const text = [
    "Guten Tag,",
    "",
    "der Wellensittichkatalog liegt bei. Mehr unter https://example.org/katalog.",
    "",
    "Am 18.11.2026 schrieb Vertrieb <vertrieb@example.org>:",
    "> Bitte senden Sie uns den Katalog.",
    "",
    "-- ",
    "Jonas Beispiel",
  ].join("\n");
  return mail("Katalog", "Jonas Beispiel <jonas@beispiel.example>", "katalog-1@beispiel.example", "text/plain; charset=utf-8", text);
}

function mail(subject: string, from: string, id: string, type: string, body: string): string {
  const fields = [
    `From: ${from}`,
    "To: Vertrieb <vertrieb@example.org>",
    `Subject: ${subject}`,
    "Date: Sat, 21 Nov 2026 10:00:00 +0100",
    `Message-ID: <${id}>`,
    "MIME-Version: 1.0",
    `Content-Type: ${type}`,
    "Content-Transfer-Encoding: base64",
  ];
  const encoded = Buffer.from(body).toString("base64").replaceAll(/.{76}/gu, "$&\r\n");
  return `${fields.join("\r\n")}\r\n\r\n${encoded}\r\n`;
}

/** Days before now as a header field says it. */
function daysAgo(days: number): string {
  return new Date(Date.now() - days * 86_400_000).toUTCString().replace("GMT", "+0000");
}

/** Circular number `n` to one member. */
export function sentMail(to: string, n: number): string {
  return [
    "From: Verein <post@ours.example>",
    `To: ${to}`,
    `Subject: Rundbrief ${n}`,
    `Date: ${daysAgo(10 - n)}`,
    `Message-ID: <rundbrief.${n}@ours.example>`,
    "Precedence: bulk",
    "List-Id: <rundbrief.ours.example>",
    "",
    "Neues vom Verein.",
    "",
  ].join("\r\n");
}

/** A report that circular `of` could not be delivered. */
export function bounceMail(recipient: string, of: number): string {
  return [
    "From: MAILER-DAEMON@mx.example",
    "To: post@ours.example",
    `Subject: Unzustellbar ${of}`,
    `Date: ${daysAgo(of > 9 ? 1 : 9.9 - of)}`,
    `Message-ID: <report.${of}@mx.example>`,
    "MIME-Version: 1.0",
    "Content-Type: multipart/report; report-type=delivery-status; boundary=x",
    "",
    "--x",
    "Content-Type: text/plain",
    "",
    "Sorry.",
    "--x",
    "Content-Type: message/delivery-status",
    "",
    "Reporting-MTA: dns; mx.example",
    "",
    `Final-Recipient: rfc822; ${recipient}`,
    "Action: failed",
    "Status: 5.1.1",
    "Diagnostic-Code: smtp; 550 5.1.1 User unknown",
    "",
    "--x",
    "Content-Type: message/rfc822",
    "",
    "From: Verein <post@ours.example>",
    `To: ${recipient}`,
    `Subject: Rundbrief ${of}`,
    `Message-ID: <rundbrief.${of}@ours.example>`,
    "",
    "Neues vom Verein.",
    "--x--",
    "",
  ].join("\r\n");
}

/** A plain mail from somebody about something. */
export function letter(from: string, subject: string, id: string, text: string): string {
  return mail(subject, from, id, "text/plain; charset=utf-8", text);
}
