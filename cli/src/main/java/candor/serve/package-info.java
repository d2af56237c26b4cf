/**
 * A model and its adapters over OpenAI's HTTP interface: {@code /v1/models}, {@code /v1/chat/completions}, {@code
 * /v1/completions}, with the names of vLLM for what OpenAI does not have (top_k, repetition_penalty, adapters that are loaded and
 * dropped), beside a page to chat on, {@code /health} and {@code /metrics}.
 *
 * <p>{@link candor.serve.Api} routes a request and guards it. {@code Fields} reads its JSON, {@code ChatReader} and {@code
 * CompletionReader} make an {@code Ask} of it, {@code Answering} hands that to the {@link candor.serve.work.Desk} and sends what
 * comes, in the {@code Shape} of a chat or a completion. Every field that is known is honoured, refused where it asks for
 * something that is not there, or, where it changes no reply, left aside; one that is not known is refused, as OpenAI does.
 *
 * <p>Interface: OpenAI's API reference (Chat, Completions, Models), and vLLM's for the rest.
 */
package candor.serve;
