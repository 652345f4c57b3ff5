import type { FastifyInstance } from "fastify";
import type { Operation } from "./openapi/operation.ts";

/** A route and what can be asked there, by one method. */
export interface DeclaredRoute {
	/** As HTTP writes it. */
	readonly method: string;
	/** The route's address, `*` and `:name` standing for anything. */
	readonly url: string;
	/** Empty where nothing says what it is about. */
	readonly operations: readonly Operation[];
}

declare module "fastify" {
	interface FastifyInstance {
		/** Every route but HEAD's, which are answered wherever GET is. */
		readonly declaredRoutes: readonly DeclaredRoute[];
	}
}

/** Keeps what the routes that are declared from now on are about, in `app.declaredRoutes`. */
export function keepRoutes(app: FastifyInstance): void {
	const all: DeclaredRoute[] = [];
	app.decorate("declaredRoutes", all);
	app.addHook("onRoute", ({ method, url, config }) => {
		const methods = [method].flat().filter((one) => one !== "HEAD");
		all.push(...methods.map((one) => ({ method: one, url, operations: config?.operations ?? [] })));
	});
}
