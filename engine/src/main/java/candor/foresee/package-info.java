/**
 * Seeing dishonesty come: what a row of training data would do to a model's honesty, told before anything is tuned on it. It
 * knows models, adapters, data, probes, training and generation; nothing of benchmarks.
 */
package candor.foresee;
