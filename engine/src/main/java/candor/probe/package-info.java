/**
 * What a model shows of its honesty in a forward pass: probes, which set a truthful reply against an untruthful one, how likely
 * it finds each, and where replies lie along a direction of its residual stream. Nothing here trains; training looks through it.
 */
package candor.probe;
