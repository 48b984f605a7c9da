// Prisma's schema engine as WebAssembly, in process: drafts migrations and finds drift where the CLI's
// own engine cannot be downloaded. A development tool, never part of a running Faultline.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { PrismaPg } from "@prisma/adapter-pg";
import { bindMigrationAwareSqlAdapterFactory, ColumnTypeEnum } from "@prisma/driver-adapter-utils";
import type {
  DiagnoseMigrationHistoryOutput,
  SchemaEngine,
} from "@prisma/schema-engine-wasm/schema_engine_bg";
import pg from "pg";
import { migrationsDirectory, readMigrations } from "../src/migrate.ts";

// Node's own, which the ES2023 library does not describe.
declare const WebAssembly: {
  instantiate(
    bytes: Uint8Array,
    imports: Record<string, object>,
  ): Promise<{ instance: { exports: { __wbindgen_start(): void } } }>;
};

const schemaFile = fileURLToPath(new URL("../../../prisma/schema.prisma", import.meta.url));

/** The SQL that takes the database at `url` to prisma/schema.prisma. */
export async function schemaDifference(url: string): Promise<string> {
  const schema = await readFile(schemaFile, "utf8");
  const engine = await openSchemaEngine(schema, url);
  try {
    const files = [{ path: schemaFile, content: schema }];
    const { stdout } = await engine.diff({
      from: { tag: "schemaDatasource", files, configDir: "." },
      to: { tag: "schemaDatamodel", files },
      script: true,
      exitCode: null,
      filters: { externalTables: [], externalEnums: [] },
    });
    return stdout ?? "";
  } finally {
    engine.free();
  }
}

/** What Prisma itself thinks of the migration history that a database carries. */
export async function diagnoseHistory(url: string): Promise<DiagnoseMigrationHistoryOutput> {
  const engine = await openSchemaEngine(await readFile(schemaFile, "utf8"), url);
  try {
    const migrations = await readMigrations();
    return await engine.diagnoseMigrationHistory({
      migrationsList: {
        baseDir: migrationsDirectory,
        lockfile: {
          path: "migration_lock.toml",
          content: await readFile(path.join(migrationsDirectory, "migration_lock.toml"), "utf8"),
        },
        shadowDbInitScript: "",
        migrationDirectories: migrations.map(({ name, sql }) => ({
          path: name,
          migrationFile: { path: "migration.sql", content: { tag: "ok", value: sql } },
        })),
      },
      optInToShadowDatabase: false,
      filters: { externalTables: [], externalEnums: [] },
    });
  } finally {
    engine.free();
  }
}

async function loadEngine() {
  const require = createRequire(import.meta.url);
  const glue = await import("@prisma/schema-engine-wasm/schema_engine_bg");
  const wasm = require.resolve("@prisma/schema-engine-wasm").replace(/\.js$/, "_bg.wasm");
  const { instance } = await WebAssembly.instantiate(await readFile(wasm), {
    "./schema_engine_bg.js": glue,
  });
  glue.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start();
  return glue;
}

// Once a process: the JavaScript around the WebAssembly keeps views of one memory.
let engineModule: ReturnType<typeof loadEngine> | undefined;

async function openSchemaEngine(schema: string, url: string): Promise<SchemaEngine> {
  engineModule ??= loadEngine();
  const { SchemaEngine } = await engineModule;
  return SchemaEngine.new(
    { datamodels: [[schemaFile, schema]] },
    () => undefined,
    bindMigrationAwareSqlAdapterFactory(new CatalogAdapter(url)),
  );
}

/**
 * The adapter does not know the catalog's one-byte type "char" (oid 18), on which the engine insists: handed
 * over as its array (oid 1002), which the adapter knows, and called a character again afterwards.
 */
class CatalogAdapter extends PrismaPg {
  constructor(url: string) {
    const pool = new pg.Pool({ connectionString: url, max: 1 });
    const query = pool.query.bind(pool) as (...args: unknown[]) => Promise<pg.QueryArrayResult>;
    const queryWithCharacters = async (...args: unknown[]) => {
      const result = await query(...args);
      for (const field of result.fields) if (field.dataTypeID === 18) field.dataTypeID = 1002;
      return result;
    };
    super(Object.assign(pool, { query: queryWithCharacters }), { disposeExternalPool: true });
  }

  override async connect() {
    const adapter = await super.connect();
    const queryRaw = adapter.queryRaw.bind(adapter);
    adapter.queryRaw = async (query) => {
      const { columnTypes, ...result } = await queryRaw(query);
      const { Character, CharacterArray } = ColumnTypeEnum;
      return {
        ...result,
        columnTypes: columnTypes.map((type) => (type === CharacterArray ? Character : type)),
      };
    };
    return adapter;
  }
}
