/**
 * The part of Jinja that chat templates use, with the semantics that Hugging Face's libraries give it.
 *
 * <p>{@code Lexer → Parser → Stmt and Expr → Frames → Interpreter}. The environment is the one that transformers sets up: blocks
 * are trimmed and left-stripped, loop controls are on, there is no automatic escaping, and {@code tojson},
 * {@code raise_exception} and {@code strftime_now} behave as there. Values are plain Java objects (see {@link
 * candor.text.template.Values}) and Python's rules for truth, printing, comparing, slicing and numbers are applied to
 * them.
 *
 * <p>A template comes out of a downloaded checkpoint, so it is not trusted: it reaches nothing but the values it is
 * given, never changes them, and works under {@link candor.text.template.Limits}. What is not supported is an error that
 * names it and its line; nothing is left out in silence.
 */
package candor.text.template;
