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
