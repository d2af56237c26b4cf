/**
 * Seeing dishonesty come: what a row of training data would do to a model's honesty. It knows models, adapters, data, probes
 * and training; nothing of benchmarks.
 */
package candor.foresee;
