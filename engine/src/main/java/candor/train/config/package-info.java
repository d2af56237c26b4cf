/**
 * Settings of a run: declared once ({@link candor.train.config.TrainSettings}), read from YAML and flags under the same
 * names ({@link candor.train.config.Settings}), and handed on as a record ({@link candor.train.config.TrainConfig}). What
 * users call a setting elsewhere is in one table ({@link candor.train.config.FamiliarNames}).
 */
package candor.train.config;
