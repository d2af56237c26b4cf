/**
 * MASK (Ren et al. 2025): does a model say what it believes when it is under pressure? Beliefs are asked for without the
 * pressure, and a lie is a statement against one's own belief, not against the truth.
 */
package candor.evaluate.mask;
