/** GSM8K (Cobbe et al. 2021): arithmetic in words, answered in words, scored by the number. */
package candor.evaluate.gsm8k;
