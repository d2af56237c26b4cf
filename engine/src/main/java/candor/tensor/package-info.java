/**
 * Memory: what a tensor is ({@link candor.tensor.Tensor}), what its elements are ({@link candor.tensor.DType}), and the
 * one allocation that a step lives in ({@link candor.tensor.Workspace}). Nothing here computes.
 */
package candor.tensor;
