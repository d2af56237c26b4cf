/**
 * Text from models: many sequences at once, each with its own prompt, adapter, settings and random numbers.
 *
 * <p>A {@link candor.generate.Generator} steps all its sequences together. {@code Scheduler} decides which tokens go into a
 * step: the next token of those that are talking, pieces of prompts for those that begin. Both are rows of one packed batch,
 * so the weights are read once for all of them, and whoever is done leaves its place at once. {@code KvCache} holds what
 * later tokens need of earlier ones, in pages; a prompt's beginning that another one had too is computed once ({@code
 * PrefixTree}). {@code Sampler} chooses tokens, {@code TextStream} turns them into text and finds stop strings.
 * Requests come from a list, a stream, or, as {@link candor.generate.Arrivals}, while others are under way.
 *
 * <p>What a sequence says depends on nothing but itself: no operation lets a row see its neighbours, and random numbers are
 * functions of seed, row and position.
 */
package candor.generate;
