/** Evaluation's models, by our own engine: the one package of evaluation that knows tensors and tokens. */
package candor.evaluate.engine;
