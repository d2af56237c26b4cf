/** JMH benchmarks; {@code bench/README.md} says how to run each. */
package candor.bench;
