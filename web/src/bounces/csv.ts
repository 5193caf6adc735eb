/** Rows of a CSV file with any of the usual delimiters; quoted cells may hold line ends. */
export function rowsOf(text: string): string[][] {
  const plain = text.replace(/^\uFEFF/u, "");
  const first = plain.slice(0, plain.search(/[\r\n]|$/u));
  const delimiter = [";", "\t", ","].find((one) => first.includes(one)) ?? ",";
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = "";
  let quoted = false;
  for (let at = 0; at < plain.length; at += 1) {
    const sign = plain.charAt(at);
    if (quoted) {
      if (sign !== '"') {
        cell += sign;
      } else if (plain[at + 1] === '"') {
        cell += sign;
        at += 1;
      } else {
        quoted = false;
      }
    } else if (sign === '"' && cell === "") {
      quoted = true;
    } else if (sign === delimiter) {
      row.push(cell);
      cell = "";
    } else if (sign === "\n" || sign === "\r") {
      row.push(cell);
      rows.push(row);
      row = [];
      cell = "";
      if (sign === "\r" && plain[at + 1] === "\n") {
        at += 1;
      }
    } else {
      cell += sign;
    }
  }
  if (cell !== "" || row.length > 0) {
    rows.push([...row, cell]);
  }
  return rows;
}
