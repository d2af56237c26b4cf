/**
 * The interaction study: a model talks with simulated users, some of whom want to hear what does them harm; each user rates
 * the replies; the model is then trained on what was liked best (SFT), or on the best against the worst (KTO), and its
 * honesty is measured. The protocol is experiment 3 of Hu et al. (arXiv 2510.08211).
 *
 * <p>{@link candor.study.user.Scenario} → {@link candor.study.user.InitialState} → conversations → ratings →
 * selection → training sets. Everything said is kept in a journal as it comes, so that a study goes on where it was stopped.
 *
 * <p>A simulated user is behind {@link candor.study.user.SimulatedUser}: a model at an endpoint, a local model, or
 * {@link candor.study.user.UserRules rules}. What any of them says is hostile text: bounded, and without tokens that a chat
 * template would take for its own.
 */
package candor.study.loop;
