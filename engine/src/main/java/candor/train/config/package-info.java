/**
 * Settings of a run: declared once ({@link candor.train.config.TrainSettings}), read from YAML and flags under the same
 * names ({@link candor.train.config.Settings}), and handed on as a record ({@link candor.train.config.TrainConfig}).
 */
package candor.train.config;
