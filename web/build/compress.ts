import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import type { Plugin } from "vite";

const brotli = promisify(brotliCompress);
const gz = promisify(gzip);
const WORTH_IT = /\.(?:css|html|js|json|mjs|svg)$/;

/** Writes `.br` and `.gz` beside every text file of the build, so that the server need not compress. */
export function compress(): Plugin {
  let out = "dist";
  return {
    name: "poststelle-compress",
    apply: "build",
    configResolved(config) {
      out = config.build.outDir;
    },
    async closeBundle() {
      const names = await readdir(out, { recursive: true });
      // index.html is left out: the server writes the nonce into it.
      const files = names.filter((name) => WORTH_IT.test(name) && name !== "index.html");
      await Promise.all(files.map((name) => compressFile(join(out, name))));
    },
  };
}

async function compressFile(path: string): Promise<void> {
  const octets = await readFile(path);
  if (octets.length < 1024) {
    return;
  }
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: octets.length };
  const [small, smaller] = await Promise.all([gz(octets, { level: 9 }), brotli(octets, { params })]);
  await Promise.all([writeFile(`${path}.gz`, small), writeFile(`${path}.br`, smaller)]);
}
