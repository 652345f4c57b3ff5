/**
 * Runs a test's relay in a process of its own, so that it can be killed. Takes settings as JSON and a state directory, prints
 * its ports as JSON.
 */
import { startTestRelay } from "../support/relay.ts";

const { relay } = await startTestRelay(JSON.parse(process.argv[2] ?? "{}"), process.argv[3]);
process.stdout.write(`${JSON.stringify(relay.ports)}\n`);
