import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from "node:http";

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/**
 * Sends a request and reads the whole answer, whatever its status.
 *
 * @param begin - makes the request; its callback gets the answer.
 * @throws Error when there is no answer, or it breaks off.
 */
export function exchange(
  begin: (answered: (response: IncomingMessage) => void) => ClientRequest,
  content?: string,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = begin((response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        body += chunk;
      });
      response.once("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
      response.once("error", reject);
    });
    sent.once("timeout", () => sent.destroy(new Error(`no answer in time: ${sent.method} ${sent.host}${sent.path}`)));
    sent.once("error", reject);
    sent.end(content);
  });
}
