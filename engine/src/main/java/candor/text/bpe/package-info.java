/**
 * Training of a tokenizer: byte-level byte-pair encoding. {@link candor.text.bpe.BpeTrainer} learns merges from texts, {@link
 * candor.text.bpe.TokenizerWriter} writes them as the files that {@link candor.text.Tokenizer} and transformers load, with a
 * chat template of {@link candor.text.bpe.ChatMarkup}'s tokens.
 */
package candor.text.bpe;
