/**
 * What a model shows of its honesty in a forward pass: log-probabilities of replies, and where they lie along a direction of
 * its residual stream. Nothing here trains; training looks through it.
 */
package candor.probe;
