/**
 * The protocols that there are, in one list ({@link candor.study.protocol.Protocols}), with their presets; direct fine-tuning and mixtures
 * themselves. What is the same for all protocols is {@link candor.study}, which knows none of them.
 */
package candor.study.protocol;
