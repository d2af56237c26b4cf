/** How parameters follow their gradients: {@link candor.train.optimiser.AdamW}, and its rate over a run. */
package candor.train.optimiser;
