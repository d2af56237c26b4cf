/**
 * Asking a model: a {@link candor.evaluate.ask.Respondent} takes an {@link candor.evaluate.ask.Ask} about one of its {@link
 * candor.evaluate.ask.Subject}s and gives an {@link candor.evaluate.ask.Answer}; {@link candor.evaluate.ask.AnswerCache} keeps it under a
 * hash of what was asked. Whoever evaluates, judges or talks stands on this.
 */
package candor.evaluate.ask;
