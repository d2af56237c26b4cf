/**
 * Low-rank adapters (Hu et al. 2021): what an adapter is ({@link candor.lora.LoraConfig}, {@link candor.lora.Adapter}),
 * several of them over one model ({@link candor.lora.AdapterBank}), and their files as PEFT writes and reads them
 * ({@link candor.lora.PeftFiles}).
 *
 * <p>Where the factors are and how large they are may differ from layer to layer ({@link candor.lora.AdapterShape}), and an
 * adapter of PEFT's may change more than it adds ({@link candor.lora.Extras}: magnitudes, biases, embedding and head); that is
 * looked at, never trained.
 *
 * <p>An adapter's parameters are one row of float32, its gradients another of the same layout ({@link
 * candor.lora.AdapterLayout}), so an optimiser steps over all of them at once.
 */
package candor.lora;
