/**
 * Seeing dishonesty come: probes of what a model would say under pressure and of what it believes, and what a row of training
 * data would do to them. It knows models, adapters, data and training; nothing of benchmarks.
 */
package candor.foresee;
