package candor.evaluate.ask;

/**
 * What is evaluated: the base model, or the model with an adapter.
 *
 * @param name "base", or the adapter's name
 * @param fingerprint a hash of everything that its answers depend on besides what is asked: weights, adapter, tokenizer,
 *     template
 */
public record Subject(String name, String fingerprint) {}
