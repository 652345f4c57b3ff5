/** The whole text of an answer of `fetch`. Rejects where it has more than `most` bytes, which are not kept. */
export async function answerText({ body }: Response, most: number): Promise<string> {
	const parts: Uint8Array[] = [];
	let bytes = 0;
	for await (const part of body ?? []) {
		bytes += part.length;
		if (bytes > most) throw new Error(`an answer of more than ${most} bytes`);
		parts.push(part);
	}
	return Buffer.concat(parts).toString();
}
