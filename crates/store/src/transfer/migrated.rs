//! The tables as their migrations make them: brought up to a version, and looked at fresh.

use sqlx::migrate::{Migrate, Migration};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, SqliteConnection};

use super::TransferError;
use super::checksum::Checksum;
use super::row;
use super::table::Table;
use crate::engine::{self, MIGRATIONS_TABLE};

/// Brings tables up to a migration, and not past it. What the migrator does, within a transaction.
pub(super) async fn migrate<C: Migrate>(
    connection: &mut C,
    up_to: i64,
) -> Result<(), TransferError> {
    connection.ensure_migrations_table(MIGRATIONS_TABLE).await?;
    let applied = connection.list_applied_migrations(MIGRATIONS_TABLE).await?;
    let ours = engine::migrator();
    let strange = applied.iter().find(|one| {
        let same = |our: &Migration| our.version == one.version && our.checksum == one.checksum;
        one.version > up_to || !ours.iter().any(same)
    });
    if let Some(strange) = strange {
        let fault = format!("migration {} is not the source's", strange.version);
        return Err(TransferError::UnknownTarget(fault));
    }
    let done = |our: &&Migration| applied.iter().any(|one| one.version == our.version);
    for missing in ours.iter().filter(|our| our.version <= up_to && !done(our)) {
        connection.apply(MIGRATIONS_TABLE, missing).await?;
    }
    Ok(())
}

/// A store as its migrations leave it, in memory.
pub(super) struct Born(SqliteConnection);

impl Born {
    pub(super) async fn new(version: i64) -> Result<Self, TransferError> {
        let mut connection = SqliteConnectOptions::new()
            .in_memory(true)
            .connect()
            .await?;
        migrate(&mut connection, version).await?;
        Ok(Self(connection))
    }

    pub(super) async fn checksum(&mut self, table: &Table) -> Result<Checksum, TransferError> {
        let mut sum = Checksum::default();
        let query = sqlx::query(AssertSqlSafe(table.select()));
        for row in query.fetch_all(&mut self.0).await? {
            sum.add(&row::read(&row, &table.columns)?);
        }
        Ok(sum)
    }
}
