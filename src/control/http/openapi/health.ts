import { told } from "./answers.ts";
import type { Operation } from "./operation.ts";

export const healthOperation = {
	id: "health",
	path: "/health",
	tag: "Health",
	summary: "How the relay is",
	description: "A few fields for everybody, more for those with the right `api`.",
	answers: { 200: told("Health", "It answers") },
} as const satisfies Operation;

export const metricsOperation = {
	id: "metrics",
	path: "/metrics",
	tag: "Health",
	summary: "What Prometheus collects",
	right: "metrics",
	answers: { 200: { description: "All metrics", content: { "text/plain": { type: "string" } } } },
} as const satisfies Operation;
