/**
 * Judges: who says what a reply means. One interface ({@link candor.evaluate.judge.Judge}), three kinds: a model behind an
 * OpenAI-compatible endpoint, a local model through our own engine, and rules for closed worlds.
 *
 * <p>A judge can fail, and its failures are counted, never papered over. Its prompts are texts in the resources that a
 * user can replace; what it answered is cached under a hash of everything that was asked.
 *
 * <p>What a user can say of one is declared once, in {@link candor.evaluate.judge.JudgeSettings}: the options of {@code eval}, the keys
 * of a study's sections, their help and the fields of records come from there.
 */
package candor.evaluate.judge;
