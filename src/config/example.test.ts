import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { exampleYaml } from "./example.ts";
import { loadYaml, parseYaml } from "./load.ts";
import { relaySchema } from "./relay-schema.ts";
import { descriptionOf, entryOf, fieldsOf } from "./schema-tree.ts";

const file = fileURLToPath(new URL("../../vedette.example.yml", import.meta.url));

const head = `# Every setting of the relay with its default. None is needed: with no file at all the relay starts.
# vedette relay --config vedette.yml; docs/configuration.md tells more.
`;

/** After a change of the schema: UPDATE_EXAMPLE=1 node --test src/config/example.test.ts */
test("the example file is the schema", () => {
	const wanted = exampleYaml(relaySchema, head);
	if (process.env.UPDATE_EXAMPLE === "1") writeFileSync(file, wanted);
	assert.equal(readFileSync(file, "utf8"), wanted);
});

test("the example file changes nothing", () => {
	assert.deepEqual(loadYaml(file, relaySchema), parseYaml("", "nothing", relaySchema));
});

test("every key has a description and a default", () => {
	const check = (schema: Parameters<typeof fieldsOf>[0], path: string) => {
		for (const [key, field] of Object.entries(fieldsOf(schema) ?? {})) {
			assert.ok(descriptionOf(field).length > 3, `${path}${key} has no description`);
			check(field, `${path}${key}.`);
		}
		const entry = entryOf(schema);
		if (entry && fieldsOf(entry)) check(entry, `${path}*.`);
	};
	check(fieldsOf(relaySchema)!.paths!, "paths.");
	for (const [key, field] of Object.entries(fieldsOf(relaySchema)!)) {
		assert.ok(descriptionOf(field), key);
		check(field, `${key}.`);
	}
});
