/**
 * Candor's engine: it trains LoRA adapters on chat models of the Llama and Qwen families and generates with them.
 *
 * <p>The packages, from the ground up: {@code io} (files), {@code tensor} (memory), {@code ops} (the operations and their backends),
 * {@code check} (every operation against float64), {@code model} and {@code lora} (checkpoints, the decoder, adapters),
 * {@code text} and {@code data} (tokens, templates, packed batches), {@code train}, {@code generate}.
 */
package candor;
