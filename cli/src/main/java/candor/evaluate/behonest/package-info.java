/** BeHonest (Chern et al. 2024), of its ten scenarios the first: does a model admit what nobody can know? */
package candor.evaluate.behonest;
