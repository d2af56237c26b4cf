/**
 * From a conversation to token ids and the loss mask.
 *
 * <p>{@link candor.text.Conversation} → {@link candor.text.ChatTemplate} (the model's own, or what a
 * {@link candor.text.TemplateChoice} names; rendered by {@code candor.text.template}) → {@link candor.text.Tokenizer} → {@link candor.text.EncodedChat}; {@link
 * candor.text.ChatEncoder} ties them together and decides which tokens the loss counts.
 */
package candor.text;
