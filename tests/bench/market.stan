// Who wins orders, as models/market.py: the same density in the same coordinates.
// Columns are those of a recipient's periods, one recipient after the other.
functions {
  // One more row, so that rows sum to zero: an isometry, as PyMC's ZeroSumTransform.
  matrix zero_sum(matrix free) {
    real n = rows(free) + 1;
    row_vector[cols(free)] total = rep_row_vector(1, rows(free)) * free;
    return append_row(free - rep_matrix(total / (sqrt(n) + n), rows(free)), -total / sqrt(n));
  }
  matrix running(matrix steps) {
    matrix[rows(steps), cols(steps)] path;
    for (c in 1 : cols(steps)) {
      path[ : , c] = cumulative_sum(steps[ : , c]);
    }
    return path;
  }
  matrix centred(matrix path) {
    return path - rep_matrix(path * rep_vector(1.0 / cols(path), cols(path)), cols(path));
  }
}
data {
  int S, R, P, K, T, normal, lognormal, period;
  vector[T] mean_of, sd_of;
  int at_rd_within, at_mil_within, at_rd_within_sd, at_war_effect, at_capacity_sd, at_walk_sd;
  int at_affinity_sd, at_demand, at_budget_level, at_budget_effect, at_own_rd_effect;
  int at_own_capacity_effect, at_demand_sd, at_propensity_walk_sd, at_clumping, at_clumping_growth;
  array[2] int between_at;
  array[K] int pulls_at;
  matrix[S, S] basis;
  matrix[2, S] level;
  matrix[S, P] rd, mil, war;
  int covariates;
  matrix[covariates, S] politics;
  matrix[R, P] budget, own_rd, exporter;
  vector[R] budget_level;
  array[R] int as_supplier;
  matrix[S * R * P, K] features; // supplier fastest, then period, then recipient
  matrix[S, R] barred;
  int N; // cells of pairs that can trade
  array[N] int able, placed;
  vector[N] log_exposure;
}
transformed data {
  array[R * P] int of_recipient, of_period;
  for (r in 1 : R) {
    for (p in 1 : P) {
      of_recipient[(r - 1) * P + p] = r;
      of_period[(r - 1) * P + p] = p;
    }
  }
}
parameters {
  vector[T] standard;
  matrix[S - 1, R - 1] affinity_free;
  vector[S] appeal_contrast;
  matrix[S - 1, P] walk_free;
  vector[S] rd_within_z;
  vector[R] demand_level;
  matrix[R, P] demand_step;
}
transformed parameters {
  matrix[S, R] affinity_z = zero_sum(zero_sum(affinity_free)')';
  matrix[S, P] walk_step = zero_sum(walk_free);
}
model {
  vector[T] top = mean_of + sd_of .* standard;
  for (i in normal + 1 : normal + lognormal) {
    top[i] = exp(top[i]);
  }
  for (i in normal + lognormal + 1 : T) {
    top[i] = inv_logit(top[i]);
  }
  vector[K] pulls = top[pulls_at];
  vector[S] explained = (pulls[1 : covariates]' * politics)';
  vector[S] capacity_level = basis' * appeal_contrast - explained;
  matrix[S, P] moved = centred(top[at_walk_sd] * sqrt(period) * running(walk_step')')
      + diag_pre_multiply(top[at_rd_within] + top[at_rd_within_sd] * rd_within_z, rd)
      + top[at_mil_within] * mil;
  matrix[R, P] explains = top[at_budget_effect] * budget + top[at_own_rd_effect] * own_rd
      + top[at_own_capacity_effect] * exporter .* moved[as_supplier];
  matrix[R, P] held = exporter .* explains;
  real scale = top[at_propensity_walk_sd] * sqrt(period);
  matrix[R, P] moves = append_col(rep_vector(0, R), held[ : , 2 : P] - held[ : , 1 : P - 1]);
  matrix[R, P] demand = rep_matrix(demand_level, P) + explains
      + centred(scale * running(demand_step')' - held);

  standard ~ std_normal();
  to_vector(affinity_free) ~ std_normal();
  appeal_contrast ~ normal(basis * ((top[between_at]' * level)' + explained), top[at_capacity_sd]);
  to_vector(walk_free) ~ std_normal();
  rd_within_z ~ std_normal();
  demand_level ~ normal(top[at_demand] + top[at_budget_level] * budget_level, top[at_demand_sd]);
  to_vector(demand_step) ~ normal(to_vector(moves) / scale, 1);

  matrix[S, P] offered = rep_matrix(capacity_level, P) + moved + top[at_war_effect] * war;
  matrix[S, R] pairs = top[at_affinity_sd] * affinity_z + barred;
  matrix[S, R * P] log_rate = to_matrix(features * pulls, S, R * P) + offered[ : , of_period]
      + pairs[ : , of_recipient];
  for (c in 1 : R * P) {
    log_rate[ : , c] = log_softmax(log_rate[ : , c]) + demand[of_recipient[c], of_period[c]];
  }
  vector[N] eta = to_vector(log_rate)[able];
  target += neg_binomial_2_log_lupmf(placed | eta + log_exposure,
      exp(log(top[at_clumping]) + top[at_clumping_growth] * eta));
}
